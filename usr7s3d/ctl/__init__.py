"""usr7s3ctl, the person's way in."""
