# What other projects' test suites expect of their messages (not part of this one), where they are.
CORPUS ?= ../shared/corpus

.PHONY: check-corpus
check-corpus: $(B)/pintail ## compare `pintail show --json` with other projects' expectations (CORPUS=DIRECTORY)
	tests/corpus/check-shared $(B)/pintail $(CORPUS) tests/corpus/misses.tsv

# Generated messages, compared with another parser; `make check` runs a few of them.
DIFFERENTIAL_COUNT ?= 5000
DIFFERENTIAL_SEED ?= 1

.PHONY: differential
differential: $(B)/pintail ## compare `pintail show --json` with Python's email over generated messages
	tests/corpus/differential $(B)/pintail --count $(DIFFERENTIAL_COUNT) --seed $(DIFFERENTIAL_SEED)
