"""``usr7s3ctl doctor``: what is wrong on this Raspberry Pi, and what to do about it."""
