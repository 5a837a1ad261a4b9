/*
 * The cache of the key-material layer, for what other packages of Glassine keep. For those packages only; it may
 * change in any version.
 */
export { Cache, type CacheCounts, type CacheOptions } from '../cache.ts'
export { Shared } from '../shared.ts'
