// By its path: the package's entry would load the local KMS into every suite that looks for leaks.
export { type Leak, leaksOf, type Secret, type Secrets } from '../../packages/testing/src/leaks/index.ts'
