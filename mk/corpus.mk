# What other projects' test suites expect of their messages (not part of this one), where they are.
CORPUS ?= ../shared/corpus

.PHONY: check-corpus
check-corpus: $(B)/pintail ## compare `pintail show --json` with other projects' expectations (CORPUS=DIRECTORY)
	tests/corpus/check-shared $(B)/pintail $(CORPUS) tests/corpus/misses.tsv
