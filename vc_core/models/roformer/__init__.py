"""RoFormer source separators (BS-RoFormer and Mel-Band RoFormer) in plain torch."""
