/** The options of `startLocalKms`, of its keys and clients, and their checks. */
import type { KmsCall } from './call-log.ts'
import {
  anyFunction,
  checkedOptions,
  flag,
  isPlainObject,
  listOf,
  matching,
  type OptionRules,
  oneOf,
  recordOf,
  required,
  text,
} from './checked-options.ts'
import type { LocalKmsAccessKey } from './credentials.ts'
import { LocalKmsOptionError } from './errors.ts'
import type { LocalKmsPrincipal } from './principals.ts'
import { type KeySpec, type KeyUsage, keySpecs, keyUsages } from './specs.ts'

/** A key to create in process; by default a symmetric one. */
export interface LocalKmsKeyOptions {
  /** An alias for it, for example `alias/patients`. Default: none. */
  readonly alias?: string
  /** What kind of key. Default `SYMMETRIC_DEFAULT`. */
  readonly keySpec?: KeySpec
  /** What it is for. Default: the first usage that the spec has (`ENCRYPT_DECRYPT` for RSA, `SIGN_VERIFY` for ECC). */
  readonly keyUsage?: KeyUsage
  /** A text that `DescribeKey` returns. Default: empty. */
  readonly description?: string
  /** Whether it can be replicated to other Regions. Default `false`. */
  readonly multiRegion?: boolean
  /** Where it is. Default: the server's Region. */
  readonly region?: string
  /**
   * The key policy, as JSON or an object. Default: that of AWS, which lets the account's root do everything and leaves
   * others to their own policies.
   */
  readonly policy?: string | object
  /** Tags by their key. Default: none. */
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
   * `alias/y:ECC_NIST_P256:KEY_AGREEMENT`. A key whose alias already exists (from `file`) stays unchanged.
   * Default: none.
   */
  readonly keys?: readonly (string | LocalKmsKeyOptions)[]
  /** Access keys to accept besides the account root's pair, which is always the same. Default: none. */
  readonly credentials?: readonly LocalKmsAccessKey[]
  /** Policies and tags of IAM roles and users, by their ARN. Default: none has any. */
  readonly principals?: Readonly<Record<string, LocalKmsPrincipal>>
  /**
   * Whether a request must be signed with the secret of its access key; default `true`. With `false`, for tools that
   * cannot sign, any signature passes, and an unknown access key is the account's root.
   */
  readonly verifySignatures?: boolean
  /**
   * Names to accept in the `Host` header, besides addresses, names without a dot and those under `.internal`,
   * `.local`, `.localhost` and `.test`. Otherwise a web page could call the server under its own domain. Default: none.
   */
  readonly allowedHosts?: readonly string[]
  /** Called with every entry of the call log. Default: none. */
  readonly onCall?: (call: KmsCall) => void
  /**
   * The clock, in milliseconds since the epoch: lets a test skip deletion and rotation periods. Signatures use the
   * machine's clock. Default `Date.now`.
   */
  readonly now?: () => number
}

const region = matching(/^[a-z]{2}(-[a-z]+)+-\d$/, 'a Region such as eu-west-1')

const keyRules: OptionRules<LocalKmsKeyOptions> = {
  alias: matching(/^alias\//, 'an alias such as alias/patients'),
  keySpec: oneOf(...[...keySpecs].sort()),
  keyUsage: oneOf(...keyUsages),
  description: ['must be a string', (value) => typeof value === 'string'],
  multiRegion: flag,
  region,
  policy: [
    'must be a string or an object',
    (value) => (typeof value === 'string' && value !== '') || isPlainObject(value),
  ],
  tags: recordOf(['must be a string', (value) => typeof value === 'string']),
}

/** @throws LocalKmsOptionError that names the option, for example `keySpec` or `keys.keySpec` */
export const checkedKeyOptions = (options: LocalKmsKeyOptions, holder?: string): LocalKmsKeyOptions =>
  checkedOptions(keyRules, options, holder)

const accessKeyRules: OptionRules<LocalKmsAccessKey> = {
  // A slash or a comma would not survive the authorization header.
  accessKeyId: required(matching(/^\w+$/, 'a string of letters and digits')),
  secretAccessKey: required(text),
  sessionToken: text,
  principal: text,
}

const principalRules: OptionRules<LocalKmsPrincipal> = {
  policies: listOf(['is JSON or an object', (value) => typeof value === 'string' || isPlainObject(value)]),
  tags: recordOf(['must be a string', (value) => typeof value === 'string']),
}

/** @throws LocalKmsOptionError that names the option */
export const checkedPrincipal = (principal: LocalKmsPrincipal): LocalKmsPrincipal =>
  checkedOptions(principalRules, principal, 'principals')

/** What {@link LocalKms.clientOptionsFor} takes. */
export interface LocalKmsClientChoice {
  /** The Region that requests are signed for. Default: the server's Region. */
  readonly region?: string
  /** ARN of the caller; default: the account's root. */
  readonly principal?: string
}

const clientRules: OptionRules<LocalKmsClientChoice> = { region, principal: text }

/** @throws LocalKmsOptionError that names the option */
export const checkedClientChoice = (choice: LocalKmsClientChoice): LocalKmsClientChoice =>
  checkedOptions(clientRules, choice)

const rules: OptionRules<LocalKmsOptions> = {
  port: [
    'must be an integer from 0 to 65535',
    (value) => Number.isInteger(value) && value >= 0 && value <= 65_535,
  ],
  host: text,
  region,
  accountId: matching(/^\d{12}$/, 'a string of twelve digits'),
  https: flag,
  file: text,
  keys: [
    'must be an array of strings and objects',
    (value) => Array.isArray(value) && value.every((key) => parseKey(key) !== undefined),
  ],
  credentials: listOf([
    'is a plain object',
    (value) => checkedOptions(accessKeyRules, value, 'credentials') === value,
  ]),
  principals: [
    'must be a plain object, of which each value has policies and tags',
    (value) =>
      isPlainObject(value) && Object.values(value).every((one) => checkedPrincipal(one as object) === one),
  ],
  verifySignatures: flag,
  allowedHosts: listOf(text),
  onCall: anyFunction,
  now: anyFunction,
}

/** @throws LocalKmsOptionError that names the option */
export const checkedLocalKmsOptions = (options: LocalKmsOptions): LocalKmsOptions =>
  checkedOptions(rules, options)

/**
 * Reads the short form of a key.
 *
 * @throws LocalKmsOptionError that names `keys`, or the option of a key as `keys.keySpec`
 */
export const parseKey = (key: string | LocalKmsKeyOptions): LocalKmsKeyOptions => {
  if (typeof key !== 'string') return checkedKeyOptions(key, 'keys')
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
