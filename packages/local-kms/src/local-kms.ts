/** The local KMS as a library: a server, its call log, its faults, and shortcuts for tests. */
import { type CallLog, createCallLog, type KmsCall } from './call-log.ts'
import { createCertificates } from './certificate.ts'
import { createCredentials, type LocalKmsCredentials } from './credentials.ts'
import { createDispatch } from './dispatch.ts'
import { createFaults, type KmsFaults } from './faults.ts'
import { operations } from './operations/index.ts'
import {
  checkedClientChoice,
  checkedKeyOptions,
  checkedLocalKmsOptions,
  checkedPrincipal,
  type LocalKmsClientChoice,
  type LocalKmsKeyOptions,
  type LocalKmsOptions,
  parseKey,
} from './options.ts'
import { createPrincipals, type LocalKmsPrincipal } from './principals.ts'
import { listen } from './server.ts'
import { usualUsage } from './specs.ts'
import { KmsState, rootOf } from './state.ts'
import { loadState, saveState } from './state-file.ts'

/** What `new KMSClient(...)` takes. */
export interface LocalKmsClientOptions {
  /** Where the server listens. */
  endpoint: string
  /** The Region that requests are signed for. */
  region: string
  /** An access key that the server accepts. */
  credentials: LocalKmsCredentials
  /** With `https` only: trusts the server's CA. Default: the SDK's own. */
  requestHandler?: { httpsAgent: { ca: string } }
}

/** A key as `createKey` returns it. */
export interface LocalKmsKey {
  readonly keyId: string
  readonly arn: string
  readonly region: string
  readonly alias?: string
  readonly aliasArn?: string
}

/** A running local KMS. */
export interface LocalKms {
  /** For example `http://127.0.0.1:38017`. */
  readonly endpoint: string
  readonly region: string
  readonly accountId: string
  /** Of the account's root. */
  readonly credentials: LocalKmsCredentials
  /** For the account's root in the default Region. */
  readonly clientOptions: LocalKmsClientOptions
  /**
   * For another Region, or for a principal that may do only what key policies, its own policies and grants allow.
   *
   * @example
   * ```ts
   * import { KMSClient } from '@aws-sdk/client-kms'
   *
   * const client = new KMSClient(
   *   kms.clientOptionsFor({ region: 'us-east-1', principal: 'arn:aws:iam::111122223333:role/intake' }),
   * )
   * ```
   */
  clientOptionsFor(choice: LocalKmsClientChoice): LocalKmsClientOptions
  /**
   * Environment variables that direct the AWS SDKs to the server, for `Object.assign(process.env, kms.env)` before
   * clients are made. `LOCAL_KMS_ENDPOINT` is the endpoint once more, over plain HTTP only: for code that has to allow
   * `http:` by name. Variables that would send the SDKs elsewhere are empty. A CA is not in it, since Node reads
   * `NODE_EXTRA_CA_CERTS` at its start.
   *
   * @example
   * ```ts
   * import { startLocalKms } from '@glassine/local-kms'
   *
   * const kms = await startLocalKms({ keys: ['alias/patients'] })
   * Object.assign(process.env, kms.env)
   * const { handler } = await import('./handler.js')
   * ```
   */
  readonly env: Readonly<Record<string, string>>
  /** PEM of the CA; `undefined` over plain HTTP. */
  readonly ca: string | undefined
  /** What CloudTrail would show, oldest first; only the newest 10,000 are kept. */
  readonly calls: readonly KmsCall[]
  /** How many calls of one operation, or of all operations when no name is given. */
  callCount(operation?: string): number
  resetCalls(): void
  readonly faults: KmsFaults
  /** The keys of the option `keys`, in its order. */
  readonly keys: readonly LocalKmsKey[]
  /**
   * CreateKey, and CreateAlias when an alias is given, without a client. Not in the call log. Fails as the
   * operations do, with an error whose `name` is AWS's code.
   */
  createKey(options?: LocalKmsKeyOptions): Promise<LocalKmsKey>
  /** CreateAlias without a client; returns the alias's ARN. Not in the call log. */
  createAlias(name: string, keyId: string, region?: string): Promise<string>
  /**
   * Replaces the policies and tags of an IAM role or user. Without any, key policies and grants decide.
   *
   * @throws LocalKmsOptionError for a policy that is malformed, or that uses what is not evaluated here
   * @example
   * ```ts
   * kms.setPrincipal('arn:aws:iam::111122223333:role/intake', {
   *   policies: [{ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 'kms:Decrypt', Resource: '*' } }],
   * })
   * ```
   */
  setPrincipal(arn: string, principal: LocalKmsPrincipal): void
  /** Keeps the process running until `close`, for a script that only serves. */
  ref(): void
  /** Stops listening and ends hanging calls; a second call changes nothing. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts a KMS on this machine that answers as AWS's does: real cryptography, real ciphertext blobs, AWS's
 * codes and messages. For tests and development only: keys are kept in memory or in a file, unencrypted.
 *
 * One server serves every Region: a request's Region is the one that it is signed for.
 *
 * @throws LocalKmsOptionError for an option or a state file that cannot be used; the error of
 *   node:net when the address is taken
 * @example
 * ```ts
 * import { GenerateDataKeyCommand, KMSClient } from '@aws-sdk/client-kms'
 * import { startLocalKms } from '@glassine/local-kms'
 *
 * const kms = await startLocalKms({ keys: ['alias/patients'] })
 * const client = new KMSClient(kms.clientOptions)
 * await client.send(new GenerateDataKeyCommand({ KeyId: 'alias/patients', KeySpec: 'AES_256' }))
 * kms.callCount('GenerateDataKey')   // 1
 * await kms.close()
 * ```
 */
export const startLocalKms = async (options: LocalKmsOptions = {}): Promise<LocalKms> => {
  checkedLocalKmsOptions(options)
  const keys = (options.keys ?? []).map(parseKey)
  const { host = '127.0.0.1', port = 0, region = 'eu-west-1', accountId = '111122223333', file } = options
  const state = new KmsState(accountId, options.now ?? Date.now)
  if (file !== undefined) loadState(file, state)
  const save = (): void => {
    if (file !== undefined) saveState(file, state)
  }
  // Fails now when the file cannot be written, and restricts an existing one to its owner.
  save()
  const log = createCallLog(options.onCall)
  const faults = createFaults(Object.keys(operations))
  const root = rootOf(accountId)
  const credentials = createCredentials(accountId, options.credentials)
  const principals = createPrincipals(options.principals)
  const certificates = options.https ? createCertificates([host, 'localhost', '127.0.0.1', '::1']) : undefined

  const shortcuts = createShortcuts(state, save, root, region)
  const started: LocalKmsKey[] = []
  for (const key of keys) started.push(await shortcuts.keyOnce(key))

  const server = await listen({
    host,
    port,
    dispatch: createDispatch({
      state,
      log,
      faults,
      principals,
      isSecure: certificates !== undefined,
      save,
    }),
    allowedHosts: new Set([host, ...(options.allowedHosts ?? [])].map((name) => name.toLowerCase())),
    signatures: { find: credentials.find, unverified: options.verifySignatures === false ? root : undefined },
    ...(certificates && { tls: certificates.server }),
  })
  const shownHost = host.includes(':') ? `[${host}]` : host
  const endpoint = `${certificates ? 'https' : 'http'}://${shownHost}:${server.port}`

  const clientOptionsFor: LocalKms['clientOptionsFor'] = (choice) => {
    const { region: chosen = region, principal = root } = checkedClientChoice(choice)
    return {
      endpoint,
      region: chosen,
      credentials: credentials.of(principal),
      ...(certificates && { requestHandler: { httpsAgent: { ca: certificates.ca } } }),
    }
  }

  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= server.close().then(() => {
      if (state.usageChanged) save()
    })
    return closing
  }

  return {
    endpoint,
    region,
    accountId,
    credentials: credentials.root,
    clientOptions: clientOptionsFor({}),
    clientOptionsFor,
    env: environmentOf(endpoint, region, credentials.root),
    ca: certificates?.ca,
    calls: log.calls,
    callCount: log.count,
    resetCalls: log.reset,
    faults,
    keys: started,
    createKey: shortcuts.key,
    createAlias: shortcuts.alias,
    setPrincipal: (arn, principal) => principals.set(arn, checkedPrincipal(principal)),
    ref: server.ref,
    close,
    [Symbol.asyncDispose]: close,
  }
}

const environmentOf = (
  endpoint: string,
  region: string,
  { accessKeyId, secretAccessKey }: LocalKmsCredentials,
): LocalKms['env'] => ({
  AWS_ENDPOINT_URL_KMS: endpoint,
  AWS_REGION: region,
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
  ...(endpoint.startsWith('http:') && { LOCAL_KMS_ENDPOINT: endpoint }),
  // The SDKs would use the profile in place of the keys, sign with the token, or ignore the endpoint.
  AWS_PROFILE: '',
  AWS_SESSION_TOKEN: '',
  AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'false',
})

/** The shortcuts run the same operations as the wire, without the log and the faults. */
const createShortcuts = (state: KmsState, save: () => void, principal: string, defaultRegion: string) => {
  const unlogged: CallLog = { calls: [], count: () => 0, reset() {}, add() {} }
  const dispatch = createDispatch({
    state,
    log: unlogged,
    faults: { take: () => undefined },
    principals: createPrincipals(),
    isSecure: true,
    save,
  })
  const call = async (operation: string, region: string, input: object): Promise<Record<string, unknown>> => {
    const { output, error } = await dispatch({ operation, region, principal, input: () => input })
    if (error !== undefined) throw error
    return (output ?? {}) as Record<string, unknown>
  }

  const alias = async (name: string, keyId: string, region = defaultRegion): Promise<string> => {
    await call('CreateAlias', region, { AliasName: name, TargetKeyId: keyId })
    return state.aliasArn(region, name)
  }

  const key = async (options: LocalKmsKeyOptions = {}): Promise<LocalKmsKey> => {
    const {
      region = defaultRegion,
      keySpec = 'SYMMETRIC_DEFAULT',
      keyUsage = usualUsage(keySpec),
    } = checkedKeyOptions(options)
    const { KeyMetadata } = await call('CreateKey', region, {
      KeySpec: keySpec,
      KeyUsage: keyUsage,
      Description: options.description,
      MultiRegion: options.multiRegion,
      Policy: typeof options.policy === 'object' ? JSON.stringify(options.policy) : options.policy,
      // A test may want a key that its root cannot manage.
      BypassPolicyLockoutSafetyCheck: true,
      Tags: Object.entries(options.tags ?? {}).map(([TagKey, TagValue]) => ({ TagKey, TagValue })),
    })
    const { KeyId: keyId, Arn: arn } = KeyMetadata as { KeyId: string; Arn: string }
    if (options.alias === undefined) return { keyId, arn, region }
    return { keyId, arn, region, alias: options.alias, aliasArn: await alias(options.alias, keyId, region) }
  }

  /** For the option `keys`: a key that the state file already has stays unchanged. */
  const keyOnce = async (options: LocalKmsKeyOptions): Promise<LocalKmsKey> => {
    const { alias: name, region = defaultRegion } = options
    const known = name === undefined ? undefined : state.aliases.get(state.aliasArn(region, name))
    if (known === undefined) return key(options)
    const keyId = known.targetKeyId
    return { keyId, arn: state.keyArn(region, keyId), region, alias: known.name, aliasArn: known.arn }
  }

  return { key, keyOnce, alias }
}
