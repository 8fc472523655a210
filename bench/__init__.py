"""The daemon beside ser2net and socat: what each costs, measured in one run."""
