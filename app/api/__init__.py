"""What a request means: it translates between HTTP and the predictor."""
