export { type MultiKeyringOptions, multiKeyring } from './multi-keyring.ts'
