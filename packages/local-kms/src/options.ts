/** The options of `startLocalKms`, and their check. */
import type { KmsCall } from './call-log.ts'
import type { LocalKmsAccessKey } from './credentials.ts'
import { LocalKmsOptionError } from './errors.ts'
import { type KeySpec, type KeyUsage, keySpecs, keyUsages } from './specs.ts'

/** A key to create in process. Only what differs from a plain symmetric key has to be named. */
export interface LocalKmsKeyOptions {
  /** An alias to go with it, for example `alias/patients`. */
  readonly alias?: string
  /** Default `SYMMETRIC_DEFAULT`. */
  readonly keySpec?: KeySpec
  /** Default: the first usage that the spec has (`ENCRYPT_DECRYPT` for RSA, `SIGN_VERIFY` for ECC). */
  readonly keyUsage?: KeyUsage
  readonly description?: string
  /** Default `false`. */
  readonly multiRegion?: boolean
  /** Default: the server's Region. */
  readonly region?: string
  readonly policy?: string
  readonly tags?: Readonly<Record<string, string>>
}

/** Options of {@link startLocalKms}. */
export interface LocalKmsOptions {
  /** TCP port; default 0, any free one. */
  readonly port?: number
  /** Address to listen on; default `127.0.0.1`. */
  readonly host?: string
  /** Region of `clientOptions` and of keys created in process; default `eu-west-1`. */
  readonly region?: string
  /** Twelve digits; default `111122223333`. */
  readonly accountId?: string
  /** Serve TLS with a certificate of a CA made for this server; default `false`. */
  readonly https?: boolean
  /** A JSON file that keeps the state, key material included, over restarts; default: memory only. */
  readonly file?: string
  /**
   * Keys to start with: options, or short forms such as `alias/patients`, `alias/x:RSA_2048` and
   * `alias/y:ECC_NIST_P256:KEY_AGREEMENT`. One whose alias exists already (from `file`) is left as it is.
   */
  readonly keys?: readonly (string | LocalKmsKeyOptions)[]
  /** Access keys that are accepted besides the account root's pair, which is always the same. */
  readonly credentials?: readonly LocalKmsAccessKey[]
  /**
   * Whether a request must be signed with the secret of its access key; default `true`. With `false`, for tools that
   * cannot sign, any signature passes, and an unknown access key is the account's root.
   */
  readonly verifySignatures?: boolean
  /**
   * Names by which the server may be called, besides addresses, names without a dot and those under `.internal`,
   * `.local`, `.localhost` and `.test`. A page of any other domain could otherwise call it through a browser.
   */
  readonly allowedHosts?: readonly string[]
  /** Called with every entry of the call log. */
  readonly onCall?: (call: KmsCall) => void
  /**
   * The clock, in milliseconds since the epoch: lets a test step over deletion and rotation periods. Signatures are
   * checked by the machine's clock.
   */
  readonly now?: () => number
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''

const isAccessKey = (value: LocalKmsAccessKey): boolean =>
  typeof value === 'object' &&
  value !== null &&
  // A slash or a comma would not survive the authorization header.
  /^\w+$/.test(value.accessKeyId) &&
  isText(value.secretAccessKey) &&
  (value.sessionToken === undefined || isText(value.sessionToken)) &&
  (value.principal === undefined || isText(value.principal))

type Check = readonly [test: (value: never) => boolean, expected: string]

/** Every option has its check: one that is added to the interface does not compile without. */
const checks: { readonly [K in keyof LocalKmsOptions]-?: Check } = {
  port: [(v: number) => Number.isInteger(v) && v >= 0 && v <= 65_535, 'must be an integer from 0 to 65535'],
  host: [isText, 'must be an address or a host name'],
  region: [(v: string) => /^[a-z]{2}(-[a-z]+)+-\d$/.test(v), 'must be a Region such as eu-west-1'],
  accountId: [(v: string) => /^\d{12}$/.test(v), 'must be a string of twelve digits'],
  https: [(v: unknown) => typeof v === 'boolean', 'must be a boolean'],
  file: [isText, 'must be a path'],
  keys: [(v: unknown) => Array.isArray(v), 'must be an array'],
  credentials: [
    (v: unknown) => Array.isArray(v) && v.every(isAccessKey),
    'must be an array of { accessKeyId, secretAccessKey, sessionToken?, principal? }',
  ],
  verifySignatures: [(v: unknown) => typeof v === 'boolean', 'must be a boolean'],
  allowedHosts: [(v: unknown) => Array.isArray(v) && v.every(isText), 'must be an array of host names'],
  onCall: [(v: unknown) => typeof v === 'function', 'must be a function'],
  now: [(v: unknown) => typeof v === 'function', 'must be a function'],
}

/** @throws LocalKmsOptionError that names the option */
export const checkOptions = (options: LocalKmsOptions): void => {
  for (const [name, value] of Object.entries(options)) {
    const check = Object.hasOwn(checks, name) ? checks[name as keyof LocalKmsOptions] : undefined
    if (check === undefined) throw new LocalKmsOptionError(name, 'is not known')
    if (value !== undefined && !check[0](value as never)) throw new LocalKmsOptionError(name, check[1])
  }
}

/** Reads the short form of a key. */
export const parseKey = (key: string | LocalKmsKeyOptions): LocalKmsKeyOptions => {
  if (typeof key !== 'string') return key
  const [alias, keySpec = 'SYMMETRIC_DEFAULT', keyUsage, ...rest] = key.split(':')
  if (!alias?.startsWith('alias/'))
    throw new LocalKmsOptionError('keys', 'must name keys as alias/name[:spec[:usage]]')
  if (!(keySpecs as readonly string[]).includes(keySpec)) {
    throw new LocalKmsOptionError('keys', `must use a key spec out of ${[...keySpecs].sort().join(', ')}`)
  }
  if (rest.length > 0 || (keyUsage !== undefined && !(keyUsages as readonly string[]).includes(keyUsage))) {
    throw new LocalKmsOptionError('keys', `must use a key usage out of ${keyUsages.join(', ')}`)
  }
  return { alias, keySpec: keySpec as KeySpec, ...(keyUsage && { keyUsage: keyUsage as KeyUsage }) }
}
