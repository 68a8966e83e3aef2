# Exact bounds of integer programs and flow graphs, their certificates, and the checker of those.

ilp_SOURCES := $(addprefix ilp/,ilp.c proof.c exact.c presolve.c presolve_back.c core.c core_lift.c engine.c basis.c tighten.c cuts.c cut_split.c cut_gomory.c cut_tableau.c branch.c lp_read.c certificate.c ipet.c reduce.c ipet_solve.c)
ilp_LIBS := -lglpk -lgmp -linih -ljansson -lxxhash -lm

$(eval $(call host_library,ilp,$(ilp_SOURCES)))

# The checker shares no code with the rest.
$(eval $(call host_program,potoroo-check,ilp/check.c,,-lgmp))
build: $(BUILD)/potoroo-check

# $(call ilp_test,NAME): like unit_test, with the generator of random graphs.
define ilp_test
$(call host_program,ilp/test/$(1),ilp/test/$(1).c ilp/test/random_graph.c,ilp base,-lcmocka $(ilp_LIBS))
check-ilp-$(1): $(BUILD)/ilp/test/$(1)
	@.ci/cmocka $$<
CHECKS += check-ilp-$(1)
endef

$(eval $(call ilp_test,ipet_test))
$(eval $(call ilp_test,lp_test))
$(eval $(call ilp_test,random_ilp_test))
$(eval $(call ilp_test,certificate_test))
check-ilp-certificate_test: $(BUILD)/potoroo-check

check-ilp-problems: $(BUILD)/potoroo $(BUILD)/potoroo-check
	@ilp/test/shared_problems --slice 10
CHECKS += check-ilp-problems

bench-ilp: $(BUILD)/potoroo $(BUILD)/potoroo-check
	@ilp/test/shared_problems 30

# Nested graphs of 1,000 to 300,000 blocks, each with its longest path known by construction.
$(eval $(call host_program,ilp/test/nested_cfg,ilp/test/nested_cfg.c ilp/test/random_graph.c,ilp base,$(ilp_LIBS)))
check-ilp-nested: $(BUILD)/ilp/test/nested_cfg $(BUILD)/potoroo-check
	@$(PYTHON) -B ilp/test/nested_cfg_bench $(BUILD) --slice
CHECKS += check-ilp-nested
bench-nested: $(BUILD)/ilp/test/nested_cfg $(BUILD)/potoroo-check
	@$(PYTHON) -B ilp/test/nested_cfg_bench $(BUILD)

# The long forms: many alterations, and the reader under the sanitizers.
mutate-ilp: $(BUILD)/ilp/test/certificate_test $(BUILD)/potoroo-check
	CERTIFICATE_MUTATIONS=100000 $<

fuzz-ilp: $(BUILD)/ilp/test/lp_fuzz
	LP_FUZZ_RUNS=200000 $<

ilp_FUZZED := ilp/test/lp_test.c $(ilp_SOURCES) $(wildcard base/*.c)
$(BUILD)/ilp/test/lp_fuzz: $(ilp_FUZZED) $(wildcard ilp/*.h base/*.h)
	@mkdir -p $(@D)
	@echo "  CC     $@"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -o $@ $(ilp_FUZZED) -lcmocka $(ilp_LIBS)
check-ilp-fuzz: $(BUILD)/ilp/test/lp_fuzz
	@LP_FUZZ_RUNS=2000 .ci/cmocka $<
CHECKS += check-ilp-fuzz

.PHONY: bench-ilp bench-nested check-ilp-nested mutate-ilp fuzz-ilp
HELP += "bench-ilp|the public IPET problems, 30 s each" "bench-nested|nested graphs of 1,000 to 300,000 blocks, against glpsol" "mutate-ilp|100,000 altered certificates" "fuzz-ilp|damaged LP files, under the sanitizers"
