import type { Fields, PayloadOf } from '@glassine/core'
import { anyObject } from '@glassine/core/internal'
import type { KeyMaterial } from '@glassine/keys'
import { messageEnvelope } from '@glassine/message'
import type { MiddlewareObj } from '@middy/core'
import { type DecryptRequestOptions, decryptRequestSchema } from './decrypt-options.ts'
import { decryptRequest } from './decrypt-request.ts'
import type { DecryptedBody } from './decrypted-event.ts'
import { type EncryptResponseOptions, encryptResponseSchema } from './encrypt-options.ts'
import { encryptResponse } from './encrypt-response.ts'
import { badOption } from './errors.ts'
import { type AnyRequest, type Context, tablesMark } from './invocation.ts'
import { checkOptions, type OptionSchema, oneOf } from './options.ts'
import type { RequireTlsOptions } from './require-tls/options.ts'
import { requireTls } from './require-tls/require-tls.ts'
import type { EnvelopeOption } from './senders.ts'

/** Options of {@link fieldEncryption}; those without an explanation are as in the middlewares that it combines. */
export interface FieldEncryptionOptions<F extends Fields = Fields, C extends Context = any>
  extends Omit<DecryptRequestOptions<F>, 'envelope' | 'partial' | 'payload' | 'clearResponse'>,
    Pick<EncryptResponseOptions, 'cacheControl' | 'maxResponseBytes'> {
  /** Key material for AWS Encryption SDK messages. Default: none; then `envelope` is required. */
  readonly keys?: KeyMaterial
  /** With `keys`: a message in place of each field, or one for all. Default `'field'`. */
  readonly shape?: 'field' | 'bundle'
  /** The formats. Default: the one that `keys` makes. */
  readonly envelope?: EnvelopeOption
  /** Options of `requireTls`; `false` omits it, for functions called by other functions. Default `{}`. */
  readonly tls?: RequireTlsOptions | false
  /**
   * The result of `encryptedTables` from `@glassine/middy/tables`: passed in, so that only its users bundle it.
   * Default: none.
   */
  readonly tables?: MiddlewareObj<unknown, any, Error, C>
  /** `true`: declared fields may be absent, from requests and from responses. Default `false`. */
  readonly partial?: boolean
}

const isTables = (value: unknown): boolean => (value as { [tablesMark]?: unknown })?.[tablesMark] === true

// The source decides where the payload is: the preset takes all other options of decryptRequest.
const { payload: _bySource, clearResponse: _sealed, envelope, ...opening } = decryptRequestSchema

const schema: OptionSchema<FieldEncryptionOptions> = {
  ...encryptResponseSchema,
  ...opening,
  envelope: [envelope[0], envelope[1]],
  keys: anyObject,
  shape: oneOf('field', 'bundle'),
  tls: ['must be false or options of requireTls', (value) => value === false || typeof value === 'object'],
  tables: ['must be what encryptedTables returns', isTables],
}

/**
 * `requireTls`, `decryptRequest`, the tables if there are any, and `encryptResponse` in the right order as one
 * middleware. Must be the last `.use()`, after the error handler.
 *
 * @throws GlassineError as its three parts do
 * @example
 * ```ts
 * import { defineFields } from '@glassine/core'
 * import { keyMaterial } from '@glassine/keys'
 * import { localKeyring } from '@glassine/keys/raw-aes'
 * import { fieldEncryption } from '@glassine/middy'
 * import middy from '@middy/core'
 *
 * const fields = defineFields<{ id: string; ssn: string }>('patient', { ssn: {} })
 * const keys = keyMaterial({ keyring: localKeyring() })
 *
 * export const handler = middy()
 *   .use(fieldEncryption({ fields, keys, tls: { origins: ['https://app.example.com'] } }))
 *   .handler(async (event) => ({ statusCode: 200, body: { ...event.body, id: 'p-1' } }))
 * ```
 */
export const fieldEncryption = <F extends Fields, C extends Context = Context>(
  options: FieldEncryptionOptions<F, C>,
): MiddlewareObj<DecryptedBody<PayloadOf<F>>, any, Error, C> => {
  checkOptions<FieldEncryptionOptions>(schema, options)
  const { keys, shape, envelope, tls = {}, tables, cacheControl, maxResponseBytes, ...opening } = options
  const { partial, onRefused } = opening
  const gate = tls === false ? {} : hooksOf(requireTls({ onRefused, ...tls }))
  const opener = hooksOf(
    decryptRequest({ ...opening, envelope: envelopeOf(keys, envelope, shape) } as DecryptRequestOptions),
  )
  const persisting = hooksOf(tables ?? {})
  const sealer = hooksOf(encryptResponse({ partial, cacheControl, maxResponseBytes, onRefused }))

  const fieldEncryptionBefore = async (request: AnyRequest): Promise<void> => {
    gate.before?.(request)
    await opener.before?.(request)
    await persisting.before?.(request)
    await sealer.before?.(request)
  }
  const fieldEncryptionAfter = async (request: AnyRequest): Promise<void> => {
    await sealer.after?.(request)
    await persisting.after?.(request)
    opener.after?.(request)
    gate.after?.(request)
  }
  const fieldEncryptionOnError = async (request: AnyRequest): Promise<void> => {
    await sealer.onError?.(request)
    await persisting.onError?.(request)
    opener.onError?.(request)
    gate.onError?.(request)
  }

  return {
    before: fieldEncryptionBefore,
    after: fieldEncryptionAfter,
    onError: fieldEncryptionOnError,
  } as MiddlewareObj<DecryptedBody<PayloadOf<F>>, any, Error, C>
}

interface Hooks {
  readonly before?: (request: AnyRequest) => void | Promise<void>
  readonly after?: (request: AnyRequest) => void | Promise<void>
  readonly onError?: (request: AnyRequest) => void | Promise<void>
}

/** Middy's types give a hook a narrower request than it is called with. */
const hooksOf = (middleware: MiddlewareObj<any, any, Error, any>): Hooks => middleware as Hooks

const envelopeOf = (
  keys: KeyMaterial | undefined,
  envelope: FieldEncryptionOptions['envelope'],
  shape: FieldEncryptionOptions['shape'],
): EnvelopeOption => {
  // The overloads distinguish two kinds of envelopes, which makes no difference here.
  if (keys && !envelope) return messageEnvelope({ keys, shape: shape as 'field' })
  if (keys || !envelope) throw badOption('keys', 'or `envelope` is needed, and not both')
  if (shape) throw badOption('shape', 'goes with `keys`; an envelope has its own')
  return envelope
}

/**
 * Checks options as {@link fieldEncryption} does at construction, without making the middleware.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`, `ERR_MODEL_INVALID`
 */
export const fieldEncryptionValidateOptions = (options: FieldEncryptionOptions): void =>
  void fieldEncryption(options)
