export { type LocalKeyringOptions, localKeyring } from './local-keyring.ts'
export { type RawAesKeyringOptions, rawAesKeyring } from './raw-aes-keyring.ts'
