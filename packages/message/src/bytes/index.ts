export { type DecryptOptions, type DecryptResult, decrypt } from './decrypt.ts'
export { type EncryptOptions, type EncryptResult, encrypt } from './encrypt.ts'
export type { KeySource, MessageHeader } from './source.ts'
