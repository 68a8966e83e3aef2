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

# ---- the page ----
$(BUILD)/reports/report.html: $(BUILD)/wcet.json $(BUILD)/reports/curves.json $(wildcard reports/report.*) $(BUILD)/reports/.setup
	@echo "  REPORT $@"
	$(Q)$(BUILD)/potoroo report $< -o $@ --curves $(BUILD)/reports/curves.json --model $(MODEL)

report: $(BUILD)/reports/report.html
.PHONY: report
HELP += "report|build/reports/report.html: the default analysis as one page"

# ---- what is made of results, and the gate ----
check-reports: build $(BUILD)/wcet.json
	@$(PYTHON) -B reports/test/outputs_test.py $(BUILD)/potoroo $(BUILD)/wcet.json $(KERNEL) $(BUILD)/reports/test

# Regressions fail and harmless changes pass, on the kernel: all of them, or a slice in make check.
gate-test: build $(MODEL)
	@$(PYTHON) -B reports/test/gate_test.py $(BUILD)/potoroo $(BUILD)/gate $(MEASURE_ENTRIES)

check-gate: build $(MODEL)
	@$(PYTHON) -B reports/test/gate_test.py $(BUILD)/potoroo $(BUILD)/gate-slice 100000 twenty-cycles lost-inlining unrelated-function renamed-function

.PHONY: check-reports gate-test check-gate
CHECKS += check-reports check-gate
HELP += "gate-test|ten seeded regressions and ten harmless changes of the kernel through potoroo diff"
include reports/install.mk

report-test: $(BUILD)/reports/report.html
	@$(PYTHON) -B reports/test/browser_test.py $< $(BUILD)/reports/browser
.PHONY: report-test
HELP += "report-test|the page in headless Chromium, at phone and desktop width (needs chromium)"

reports-validate: build $(BUILD)/wcet.json
	@reports/test/validate.sh $(BUILD)/potoroo $(BUILD)/wcet.json $(BUILD)/reports/validate
.PHONY: reports-validate
HELP += "reports-validate|SARIF and JUnit by other people's validators (downloads one by npm)"

# docs/WALKTHROUGH.md, to the letter.
check-walkthrough: build
	@POTOROO_QEMU=$(QEMU) $(PYTHON) -B reports/test/walkthrough_test.py $(BUILD)/reports/walkthrough
.PHONY: check-walkthrough
CHECKS += check-walkthrough
