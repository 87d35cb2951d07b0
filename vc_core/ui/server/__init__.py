"""Behind the page: events, background jobs, sessions."""
