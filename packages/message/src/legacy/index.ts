export type { LegacySuite } from '../suites.ts'
export { suite0x0178, suite0x0378 } from './suites.ts'
