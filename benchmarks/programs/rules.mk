# The benchmark programs as judges of `potoroo cfg`: a fifth of them in the checks, all in `make programs`.
PROGRAMS_RUN = POTOROO=$(BUILD)/potoroo PLUGIN=$(PLATFORM_PLUGIN) PLATFORM=platforms/reference.ini QEMU=$(QEMU) RV_PREFIX=$(RV_PREFIX) \
	PYTHONDONTWRITEBYTECODE=1 $(PYTHON) benchmarks/programs/run.py --out=$(BUILD)/benchmarks/programs

check-programs: $(BUILD)/potoroo $(PLATFORM_PLUGIN)
	@$(PROGRAMS_RUN) --slice
CHECKS += check-programs

.PHONY: programs
programs: $(BUILD)/potoroo $(PLATFORM_PLUGIN)
	@$(PROGRAMS_RUN) --open=$(BUILD)/benchmarks/programs/open.txt $(BENCH)
HELP += "programs|judge potoroo cfg by the benchmark programs, all compilers and levels (BENCH=\"crc …\")"

# The same binaries without symbols: what is found of them.
STRIPPED_RUN = POTOROO=$(BUILD)/potoroo RV_PREFIX=$(RV_PREFIX) PYTHONDONTWRITEBYTECODE=1 $(PYTHON) benchmarks/programs/stripped.py --out=$(BUILD)/benchmarks/stripped
STRIPPED_KERNELS = $(BUILD)/kernel/kernel.elf $(BUILD)/kernel-plain/kernel.elf

check-stripped: $(BUILD)/potoroo $(STRIPPED_KERNELS)
	@$(STRIPPED_RUN) --slice $(STRIPPED_KERNELS)
CHECKS += check-stripped

.PHONY: stripped
stripped: $(BUILD)/potoroo $(STRIPPED_KERNELS)
	@$(STRIPPED_RUN) $(STRIPPED_KERNELS) $(wildcard $(BUILD)/benchmarks/binaries/*.elf)
HELP += "stripped|what potoroo cfg finds of our binaries without their symbols"
