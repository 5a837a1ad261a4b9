/** The local KMS as a library: a server, its call log, its faults, and shortcuts for tests. */
import { type CallLog, createCallLog, type KmsCall } from './call-log.ts'
import { createCertificates } from './certificate.ts'
import { createCredentials, type LocalKmsCredentials } from './credentials.ts'
import { createDispatch } from './dispatch.ts'
import { createFaults, type KmsFaults } from './faults.ts'
import { checkOptions, type LocalKmsKeyOptions, type LocalKmsOptions, parseKey } from './options.ts'
import { listen } from './server.ts'
import { usualUsage } from './specs.ts'
import { KmsState, rootOf } from './state.ts'
import { loadState, saveState } from './state-file.ts'

/** What `new KMSClient(...)` takes. */
export interface LocalKmsClientOptions {
  endpoint: string
  region: string
  credentials: LocalKmsCredentials
  /** With `https` only: trusts the server's CA. */
  requestHandler?: { httpsAgent: { ca: string } }
}

/** A key as `createKey` answers it. */
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
   * For another Region, or for a principal that may only do what grants on a key allow it.
   *
   * @example
   * ```ts
   * const client = new KMSClient(
   *   kms.clientOptionsFor({ region: 'us-east-1', principal: 'arn:aws:iam::111122223333:role/intake' }),
   * )
   * ```
   */
  clientOptionsFor(who: { region?: string; principal?: string }): LocalKmsClientOptions
  /** PEM of the CA; `undefined` over plain HTTP. */
  readonly ca: string | undefined
  /** What CloudTrail would show, oldest first; the newest 10 000. */
  readonly calls: readonly KmsCall[]
  /** How often an operation, or without a name any operation, was called. */
  callCount(operation?: string): number
  resetCalls(): void
  readonly faults: KmsFaults
  /** The keys of the option `keys`, in its order. */
  readonly keys: readonly LocalKmsKey[]
  /**
   * CreateKey, and CreateAlias where an alias is named, without a client. Not in the call log. Fails as the
   * operations do, with an error whose `name` is AWS's code.
   */
  createKey(options?: LocalKmsKeyOptions): Promise<LocalKmsKey>
  /** CreateAlias without a client; answers the alias's ARN. Not in the call log. */
  createAlias(name: string, keyId: string, region?: string): Promise<string>
  /** Stops listening and ends hanging calls; a second call changes nothing. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts a KMS on this machine that answers as AWS's does: real cryptography, real ciphertext blobs, AWS's
 * codes and sentences. For tests and development only; keys lie in memory, or in a file, in the clear.
 *
 * One server serves every Region: the Region is the one that a request is signed for.
 *
 * @throws LocalKmsOptionError for an option or a state file that cannot be used; the error of
 *   node:net when the address is taken
 * @example
 * ```ts
 * const kms = await startLocalKms({ keys: ['alias/patients'] })
 * const client = new KMSClient(kms.clientOptions)
 * await client.send(new GenerateDataKeyCommand({ KeyId: 'alias/patients', KeySpec: 'AES_256' }))
 * kms.callCount('GenerateDataKey')   // 1
 * await kms.close()
 * ```
 */
export const startLocalKms = async (options: LocalKmsOptions = {}): Promise<LocalKms> => {
  checkOptions(options)
  const keys = (options.keys ?? []).map(parseKey)
  const { host = '127.0.0.1', port = 0, region = 'eu-west-1', accountId = '111122223333', file } = options
  const state = new KmsState(accountId, options.now ?? Date.now)
  if (file !== undefined) loadState(file, state)
  const save = (): void => {
    if (file !== undefined) saveState(file, state)
  }
  // A file that cannot be written shows now, and one that others can read is closed to them.
  save()
  const log = createCallLog(options.onCall)
  const faults = createFaults()
  const root = rootOf(accountId)
  const credentials = createCredentials(accountId, options.credentials)
  const certificates = options.https ? createCertificates([host, 'localhost', '127.0.0.1', '::1']) : undefined

  const shortcuts = createShortcuts(state, save, root, region)
  const started: LocalKmsKey[] = []
  for (const key of keys) started.push(await shortcuts.keyOnce(key))

  const server = await listen({
    host,
    port,
    dispatch: createDispatch({ state, log, faults, save }),
    allowedHosts: new Set([host, ...(options.allowedHosts ?? [])].map((name) => name.toLowerCase())),
    signatures: { find: credentials.find, unverified: options.verifySignatures === false ? root : undefined },
    ...(certificates && { tls: certificates.server }),
  })
  const shownHost = host.includes(':') ? `[${host}]` : host
  const endpoint = `${certificates ? 'https' : 'http'}://${shownHost}:${server.port}`

  const clientOptionsFor: LocalKms['clientOptionsFor'] = (who) => ({
    endpoint,
    region: who.region ?? region,
    credentials: credentials.of(who.principal ?? root),
    ...(certificates && { requestHandler: { httpsAgent: { ca: certificates.ca } } }),
  })

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
    ca: certificates?.ca,
    calls: log.calls,
    callCount: log.count,
    resetCalls: log.reset,
    faults,
    keys: started,
    createKey: shortcuts.key,
    createAlias: shortcuts.alias,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** The shortcuts go through the same operations as the wire, but past the log and the faults. */
const createShortcuts = (state: KmsState, save: () => void, principal: string, defaultRegion: string) => {
  const unlogged: CallLog = { calls: [], count: () => 0, reset() {}, add() {} }
  const dispatch = createDispatch({ state, log: unlogged, faults: { take: () => undefined }, save })
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
    const { region = defaultRegion, keySpec = 'SYMMETRIC_DEFAULT', keyUsage = usualUsage(keySpec) } = options
    const { KeyMetadata } = await call('CreateKey', region, {
      KeySpec: keySpec,
      KeyUsage: keyUsage,
      Description: options.description,
      MultiRegion: options.multiRegion,
      Policy: options.policy,
      Tags: Object.entries(options.tags ?? {}).map(([TagKey, TagValue]) => ({ TagKey, TagValue })),
    })
    const { KeyId: keyId, Arn: arn } = KeyMetadata as { KeyId: string; Arn: string }
    if (options.alias === undefined) return { keyId, arn, region }
    return { keyId, arn, region, alias: options.alias, aliasArn: await alias(options.alias, keyId, region) }
  }

  /** For keys to start with: what the state file brought along stays as it is. */
  const keyOnce = async (options: LocalKmsKeyOptions): Promise<LocalKmsKey> => {
    const { alias: name, region = defaultRegion } = options
    const known = name === undefined ? undefined : state.aliases.get(state.aliasArn(region, name))
    if (known === undefined) return key(options)
    const keyId = known.targetKeyId
    return { keyId, arn: state.keyArn(region, keyId), region, alias: known.name, aliasArn: known.arn }
  }

  return { key, keyOnce, alias }
}
