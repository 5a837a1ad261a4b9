/*
 * The cache of the key-material layer, and a map that forgets, for what other packages of Glassine keep. For those
 * packages only; it may change in any version.
 */
export { boundedMap } from '../bounded-map.ts'
export { Cache, type CacheCounts, type CacheOptions } from '../cache.ts'
export { Shared } from '../shared.ts'
