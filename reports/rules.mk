# Pictures. Only these targets need matplotlib, which the plain set-up does not install.
$(BUILD)/reports/.setup: .ci/setup | $(BUILD)/deps.mk
	@mkdir -p $(@D)
	@.ci/setup --with reports $(BUILD)/deps.mk
	@touch $@

$(BUILD)/reports/curves.json: $(BUILD)/wcet.json
	@mkdir -p $(@D)
	$(Q)$(BUILD)/potoroo profile curve -c potoroo.ini --json > $@

# make plot [ENTRY=name]: all entries of the default analysis, or one
PLOTS := $(if $(ENTRY),$(ENTRY),$(shell sed -n 's/^\[entry \(.*\)\]/\1/p' potoroo.ini))
plot: $(PLOTS:%=$(BUILD)/reports/%.png)

$(BUILD)/reports/%.png: $(BUILD)/reports/curves.json reports/plot_entry.py $(BUILD)/reports/.setup
	@echo "  PLOT   $@"
	$(Q)$(PYTHON) reports/plot_entry.py $< $* -o $@

.PHONY: plot
HELP += "plot|build/reports/ENTRY.png: histogram, exceedance, bound [ENTRY=name]"
