include tracer/platform.mk
