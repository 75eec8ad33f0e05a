"""What Gatehouse itself offers: prompts, resources and resource templates, with their versions."""
