#pragma once
#include <stddef.h>
#include <stdint.h>

/// CRC-32C (RFC 3720, section 12.1) of the bytes, continued from the checksum of what came before them (0 at the
/// start). Uses the processor's instruction where there is one.
uint32_t coffer_crc32c(uint32_t seed, const void *bytes, size_t count);

/// The same without the instruction.
uint32_t coffer_crc32c_portable(uint32_t seed, const void *bytes, size_t count);
