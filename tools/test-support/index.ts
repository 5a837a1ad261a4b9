export { branchKeySource } from './branch-keys.ts'
export { isAtOnce, settled, standingClock } from './clock.ts'
export { CryptoFault, recordCrypto, type SeenBytes } from './crypto-recorder.ts'
export { describeDynamoDB, describeEachDynamoDB, describeTransactions } from './dynamodb.ts'
export { codeOf, failureOf, hasCode, refusedOption, rejection, thrown } from './errors.ts'
export { filesUnder } from './files.ts'
export { expectFresh } from './fresh.ts'
export { deepFrozen } from './frozen.ts'
export { heldBytes, longName } from './heap.ts'
export { type Leak, leaksOf, type Secret, type Secrets } from './leaks.ts'
export { isZero, type Lease, watchKeys } from './leases.ts'
export { longOr, seed } from './long.ts'
export { spellingsOf } from './marker-search.ts'
export { respelled } from './respelled.ts'
export { describeShared, type SharedFolder, sharedFolder } from './shared.ts'
export {
  countedKeyArn,
  countingKms,
  type ForgedKey,
  forgedKey,
  forgedMessage,
  withForgedKey,
} from './strangers.ts'
export { describeWhere } from './where.ts'
