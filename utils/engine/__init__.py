"""What runs the house: kept results, settings, paths, contests, installation, notebooks run as tests. No learner reads it."""
