// The sub-path `@glassine/middy/handler`: the only place that runs Middy itself, not only its types.
import type { Fields, PayloadOf } from '@glassine/core'
import { isGlassineError } from '@glassine/core/internal'
import middy from '@middy/core'
import { assertEncrypted } from './assert-encrypted.ts'
import type { DecryptedBody } from './decrypted-event.ts'
import { badOption } from './errors.ts'
import { eventSourceOf } from './event-source.ts'
import { type FieldEncryptionOptions, fieldEncryption } from './field-encryption.ts'
import { type AnyRequest, type Context, stateOf } from './invocation.ts'
import { problemResponse } from './problem.ts'

/** A method that Lambda calls with an event and a context. */
type Method<This, E, C> = (this: This, event: E, context: C) => Promise<unknown>

/** What {@link encryptedHandler} returns: a method decorator of either kind, TC39 (2023-11) or legacy. */
export interface EncryptedHandlerDecorator<E, C extends Context> {
  <This, M extends Method<This, any, any>>(
    method: M & (Parameters<M>[0] extends E ? unknown : Method<This, E, C>),
    context: ClassMethodDecoratorContext<This, M>,
  ): M
  (target: object, name: string | symbol, descriptor: PropertyDescriptor): void
}

/**
 * `fieldEncryption` for a handler that is a method of a class, as in Powertools: the method gets the
 * decrypted event, and its result leaves encrypted. The class's own `this` is kept; export the method bound.
 *
 * Our errors that a caller may see are answered as problem documents (RFC 9457) if the source reads HTTP
 * responses; all others are thrown. The final response is checked again, as by `assertEncrypted`.
 *
 * @throws GlassineError where the class is defined, like `fieldEncryption`; in a request, like its parts
 * @example
 * ```ts
 * import { defineFields } from '@glassine/core'
 * import { keyMaterial } from '@glassine/keys'
 * import { localKeyring } from '@glassine/keys/raw-aes'
 * import type { DecryptedBody } from '@glassine/middy'
 * import { encryptedHandler } from '@glassine/middy/handler'
 *
 * interface Patient { id: string; ssn: string }
 * const fields = defineFields<Patient>('patient', { ssn: {} })
 * const keys = keyMaterial({ keyring: localKeyring() })
 *
 * class Intake {
 *   @encryptedHandler({ fields, keys })
 *   async handler(event: DecryptedBody<Patient>, _context: unknown) {
 *     return { statusCode: 200, body: event.body }
 *   }
 * }
 *
 * const intake = new Intake()
 * export const handler = intake.handler.bind(intake)
 * ```
 */
export const encryptedHandler = <F extends Fields, C extends Context = Context>(
  options: FieldEncryptionOptions<F, C>,
): EncryptedHandlerDecorator<DecryptedBody<PayloadOf<F>>, C> => {
  const preset = fieldEncryption(options)
  const guard = assertEncrypted({ fields: options.fields })

  /** One stack per object of the class, made at its first call. */
  const wrapped = (method: Method<unknown, any, any>): Method<unknown, any, any> => {
    const stacks = new WeakMap<object, Method<unknown, any, any>>()
    const stackOf = (self: unknown) =>
      middy(guard)
        .use({ onError: answerOnError })
        .use(preset)
        .handler((event, context) => method.call(self, event, context)) as unknown as Method<
        unknown,
        any,
        any
      >
    // Called without an object, as Lambda does with an unbound method.
    const unbound = stackOf(undefined)
    return function (event, context) {
      if (typeof this !== 'object' || this === null) return unbound(event, context)
      let stack = stacks.get(this)
      if (!stack) {
        stack = stackOf(this)
        stacks.set(this, stack)
      }
      return stack(event, context)
    }
  }

  return ((
    target: unknown,
    at: ClassMethodDecoratorContext | string | symbol,
    descriptor?: PropertyDescriptor,
  ): unknown => {
    const method = typeof at === 'object' ? target : descriptor?.value
    if (typeof method !== 'function') throw badOption('encryptedHandler', 'decorates a method')
    const replacement = wrapped(method as Method<unknown, any, any>)
    if (typeof at === 'object') return replacement
    descriptor!.value = replacement
    return undefined
  }) as EncryptedHandlerDecorator<DecryptedBody<PayloadOf<F>>, C>
}

/** Outermost: errors that nothing further inside has answered. */
const answerOnError = (request: unknown): void => {
  const { error, event, response } = request as AnyRequest
  if (response !== undefined || !isGlassineError(error) || !error.expose) return
  const { gate, multiValue } = stateOf(request as AnyRequest)
  const problem = { type: 'about:blank', title: error.message }
  const document = problemResponse(error, problem, gate?.source ?? eventSourceOf(event), multiValue)
  if (document) (request as AnyRequest).response = document
}
