# The kernel, twice from the same sources: build/kernel/kernel.elf with probes, build/kernel-plain/kernel.elf without.
# KERNEL_CC compiles the C files of the probed one; boot.c runs before the first kernel entry and goes without.

KERNEL_CC ?= $(BUILD)/potoroo cc -- $(RV_CC)
KERNEL_OPT ?= -O2
KERNEL_FLAGS := -march=rv64imac_zicsr_zifencei -mabi=lp64 -mcmodel=medany -msmall-data-limit=0 -ffreestanding -nostdlib \
	-fno-pic -fno-stack-protector -fno-tree-loop-distribute-patterns -fno-asynchronous-unwind-tables \
	-ffixed-x25 -ffixed-x26 -ffixed-x27 -g -std=gnu11 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror \
	-Ikernel/include -Itracer/target -ffile-prefix-map=$(CURDIR)=. $(KERNEL_OPT)
KERNEL_LINK := -Wl,--build-id=sha1 -Wl,-z,max-page-size=4096 -Wl,--no-warn-rwx-segments -Wl,--fatal-warnings -static

KERNEL_C := $(filter-out kernel/src/kernel/boot.c kernel/src/kernel/check.c,$(wildcard kernel/src/kernel/*.c kernel/src/object/*.c))
KERNEL_S := kernel/src/arch/boot.S kernel/src/arch/trap.S
KERNEL_HEADERS := $(wildcard kernel/include/*.h) tracer/target/potoroo.h
KERNEL_LDS := kernel/src/arch/kernel.lds
USER_IMAGE := $(BUILD)/benchmarks/root.bin

# $(call kernel_elf,FOLDER,C COMPILER,EXTRA FLAGS,PREREQUISITES OF COMPILING)
define kernel_elf
$(BUILD)/$(1)/%.o: kernel/%.c $(KERNEL_HEADERS) kernel/rules.mk $(4)
	@mkdir -p $$(@D)
	@echo "  RVCC   $$@"
	@$(2) $(KERNEL_FLAGS) $(3) -c -o $$@ $$<

$(BUILD)/$(1)/src/kernel/boot.o: kernel/src/kernel/boot.c $(KERNEL_HEADERS) kernel/rules.mk
	@mkdir -p $$(@D)
	@echo "  RVCC   $$@"
	@$(RV_CC) $(KERNEL_FLAGS) $(3) -c -o $$@ $$<

$(BUILD)/$(1)/%.o: kernel/%.S $(KERNEL_HEADERS) kernel/rules.mk $(USER_IMAGE)
	@mkdir -p $$(@D)
	@echo "  RVAS   $$@"
	@$(RV_CC) $(KERNEL_FLAGS) $(3) -Wa,--debug-prefix-map=$$(CURDIR)=. -DUSER_IMAGE_FILE='"$(USER_IMAGE)"' -c -o $$@ $$<

$(BUILD)/$(1)/kernel.elf: $(patsubst kernel/%,$(BUILD)/$(1)/%.o,$(basename $(KERNEL_S) $(KERNEL_C) kernel/src/kernel/boot.c)) $(KERNEL_LDS)
	@echo "  RVLD   $$@"
	@$(RV_CC) $(KERNEL_FLAGS) $(KERNEL_LINK) -T $(KERNEL_LDS) -o $$@ $$(filter %.o,$$^)
endef

# Only the sources that insert probes decide what comes out: the rest of the command may change without a new kernel.
$(eval $(call kernel_elf,kernel,$(KERNEL_CC),,$(wildcard tracer/asm.* tracer/probe.* tracer/cc*.*) | $(BUILD)/potoroo))
$(eval $(call kernel_elf,kernel-plain,$(RV_CC),-DPOTOROO_OFF,))


# A third one, whose every exit tests the invariants, for the fuzzer.
$(eval $(call kernel_elf,kernel-check,$(RV_CC),-DPOTOROO_OFF -DKERNEL_CHECK,))
$(BUILD)/kernel-check/kernel.elf: $(BUILD)/kernel-check/src/kernel/check.o


# By each compiler at each level, linked by the same linker.
CLANG ?= clang
KERNEL_CLANG := $(CLANG) --target=riscv64-unknown-elf -Wno-unused-command-line-argument
KERNEL_FLAGS_CLANG = $(filter-out -fno-tree-loop-distribute-patterns -march=%,$(KERNEL_FLAGS)) -march=rv64imac -fno-builtin
KERNEL_LEVELS := O1 O2 O3 Os
define kernel_build
$(BUILD)/kernel-builds/$(1)-$(2)/%.o: kernel/src/%.c $(KERNEL_HEADERS) kernel/rules.mk
	@mkdir -p $$(@D)
	@$(3) $(4) -DPOTOROO_OFF -$(2) -c -o $$@ $$<

$(BUILD)/kernel-builds/$(1)-$(2)/%.o: kernel/src/%.S $(KERNEL_HEADERS) kernel/rules.mk $(USER_IMAGE)
	@mkdir -p $$(@D)
	@$(RV_CC) $(KERNEL_FLAGS) -DPOTOROO_OFF -DUSER_IMAGE_FILE='"$(USER_IMAGE)"' -c -o $$@ $$<

$(BUILD)/kernel-builds/$(1)-$(2)/kernel.elf: $(patsubst kernel/src/%,$(BUILD)/kernel-builds/$(1)-$(2)/%.o,$(basename $(KERNEL_S) $(KERNEL_C) kernel/src/kernel/boot.c)) $(KERNEL_LDS)
	@$(RV_CC) $(KERNEL_FLAGS) $(KERNEL_LINK) -T $(KERNEL_LDS) -o $$@ $$(filter %.o,$$^)
endef
$(foreach level,$(KERNEL_LEVELS),$(eval $(call kernel_build,gcc,$(level),$(RV_CC),$(KERNEL_FLAGS))))
$(foreach level,$(KERNEL_LEVELS),$(eval $(call kernel_build,clang,$(level),$(KERNEL_CLANG),$(KERNEL_FLAGS_CLANG))))

.PHONY: kernel kernel-plain
kernel: $(BUILD)/kernel/kernel.elf
kernel-plain: $(BUILD)/kernel-plain/kernel.elf

HELP += "kernel|the instrumented kernel, build/kernel/kernel.elf" "kernel-plain|the same without probes, build/kernel-plain/kernel.elf"

check-kernel-facts:
	@$(PYTHON) kernel/test/facts.py

CHECKS += check-kernel-facts

check-kernel-header:
	@$(PYTHON) kernel/test/header.py $(RV_CC) $(RV_PREFIX)

CHECKS += check-kernel-header

# Nothing in the kernels tells where they were built.
check-kernel-path: $(BUILD)/kernel/kernel.elf $(BUILD)/kernel-plain/kernel.elf
	@if grep -qF '$(CURDIR)' $^; then echo "failed: $^ hold the path $(CURDIR)"; echo "0 passed, 1 failed"; exit 1; fi; echo "1 passed, 0 failed"

CHECKS += check-kernel-path
