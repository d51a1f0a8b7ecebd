"""Ready models: gantk finds their files beside this one."""
