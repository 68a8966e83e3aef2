# Kernels of others' builds (here: tick), instrumented and unmodified.
check-guests: $(BUILD)/potoroo $(BUILD)/platform/potoroo-platform.so $(BUILD)/kernel/kernel.elf $(BUILD)/kernel-plain/kernel.elf
	@POTOROO_QEMU=$(QEMU) $(PYTHON) benchmarks/guests/test.py $(BUILD)/potoroo $(RV_PREFIX) platforms/reference.ini \
		$(BUILD)/kernel/kernel.elf $(BUILD)/kernel-plain/kernel.elf

.PHONY: check-guests
CHECKS += check-guests
