# Kernels of others' builds (here: tick), instrumented and unmodified.
check-guests: $(BUILD)/potoroo $(BUILD)/platform/potoroo-platform.so $(BUILD)/kernel/kernel.elf $(BUILD)/kernel-plain/kernel.elf
	@POTOROO_QEMU=$(QEMU) $(PYTHON) benchmarks/guests/test.py $(BUILD)/potoroo $(RV_PREFIX) platforms/reference.ini \
		$(BUILD)/kernel/kernel.elf $(BUILD)/kernel-plain/kernel.elf

# A kernel with the habits of other people's, by what its engineer does.
check-foreign: $(BUILD)/potoroo $(BUILD)/platform/potoroo-platform.so
	@POTOROO_QEMU=$(QEMU) $(PYTHON) benchmarks/guests/foreign.py $(BUILD)/potoroo $(RV_PREFIX) platforms/reference.ini

.PHONY: check-guests check-foreign
CHECKS += check-guests check-foreign
