# Keeping in step with a server, beside mbsync, mutt and a socket that only reads: `make bench-sync SYNC_SIZES=10000,100000`.
SYNC_SIZES ?= 10000
SYNC_DELAYS ?= 0,50

.PHONY: bench-sync
bench-sync: $(B)/pintail ## first sync, resync, bytes and turns beside mbsync, mutt and a floor (SYNC_SIZES, SYNC_DELAYS)
	@command -v mbsync >/dev/null && command -v mutt >/dev/null || scripts/install-deps build demo dev
	bench/sync $(B)/pintail --sizes $(SYNC_SIZES) --delays $(SYNC_DELAYS)
