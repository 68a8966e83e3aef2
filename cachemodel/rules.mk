# The cache model: inference by measuring. The guest is assembled flat and carried inside the library.

$(eval $(call host_library,cachemodel,$(wildcard cachemodel/*.c)))

INFER_GUEST := $(BUILD)/cachemodel/guest.bin
$(INFER_GUEST): cachemodel/guest/guest.S | $(BUILD)/deps.mk
	@mkdir -p $(@D)
	@echo "  RVAS   $@"
	$(Q)$(RV_CC) -nostdlib -march=rv64imafd_zicsr -mabi=lp64d -mcmodel=medany -mno-relax -Wl,-Ttext=0 -Wl,--no-warn-rwx-segments -o $(@:.bin=.elf) $<
	$(Q)$(RV_PREFIX)objcopy -O binary -j .text $(@:.bin=.elf) $@

$(BUILD)/obj/cachemodel/lab.o: $(INFER_GUEST)
