# Other people's binaries as judges of `potoroo cfg`: those that are installed, in the checks; `make binaries` installs the rest.
BINARIES_RUN = POTOROO=$(BUILD)/potoroo PLUGIN=$(PLATFORM_PLUGIN) PLATFORM=platforms/reference.ini QEMU=$(QEMU) RV_PREFIX=$(RV_PREFIX) \
	PYTHONDONTWRITEBYTECODE=1 $(PYTHON) benchmarks/binaries/run.py --out=$(BUILD)/benchmarks/binaries

check-binaries: $(BUILD)/potoroo $(PLATFORM_PLUGIN)
	@$(BINARIES_RUN)
CHECKS += check-binaries

.PHONY: binaries
binaries: $(BUILD)/potoroo $(PLATFORM_PLUGIN)
	@.ci/setup --with binaries $(BUILD)/deps.mk
	@$(BINARIES_RUN)
HELP += "binaries|judge potoroo cfg by firmware, a boot loader and a C library; installs them"

bench-cfg: $(BUILD)/potoroo
	@POTOROO=$< RV_PREFIX=$(RV_PREFIX) $(PYTHON) benchmarks/binaries/bench.py $(BUILD)/benchmarks/bench-cfg
.PHONY: bench-cfg
HELP += "bench-cfg|time and memory of potoroo cfg by size of the code, up to 1 MB"
