"""Networks that are trained adversarially: CycleGAN, RelGAN, and discriminators of waveforms."""
