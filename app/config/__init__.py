"""Settings, environment variables, available CPUs."""
