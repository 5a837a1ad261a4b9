import { policyOf } from '@glassine/core'
import { checkedOptions, flag, methods, type OptionSchema, required, text } from '@glassine/core/internal'
import { optionsOf as messageOptionsOf } from '@glassine/message/internal'
import { optionsOf as sessionOptionsOf } from '@glassine/session/internal'
import { badOption, packageName, plainObject, string } from '../options.ts'
import { type Comparison, compare, type Explanation, explanation } from './comparison.ts'
import type { ExpectedOfEvent, ExpectedOfPayload } from './expected.ts'
import { compareMessages } from './message.ts'
import { captured } from './request.ts'
import { compareTokens } from './session.ts'
import type { Sent } from './session-parts.ts'
import { type Subject, sealedPlaces } from './subject.ts'

const sentSchema: OptionSchema<Sent> = {
  fields: ['must be fields', (value) => policyOf(value as never, packageName) !== undefined],
  binding: plainObject,
  sender: string,
  method: text,
  url: text,
}

const payloadSchema: OptionSchema<ExpectedOfPayload> = {
  fields: required(sentSchema.fields),
  envelope: required(methods('recognises', 'prepareOpen')),
  binding: required(plainObject),
  use: text,
  partial: flag,
  place: string,
  sessionHeader: text,
  sent: plainObject,
  sender: text,
  resource: plainObject,
  tenant: text,
  deadline: ['must be a number', (value) => typeof value === 'number'],
  principal: text,
  maxBytes: ['must be a number', (value) => typeof value === 'number'],
  opened: ['must be an object', (value) => typeof value === 'object'],
}

/** What a payload, or one ciphertext, is compared with. */
export const subjectOfPayload = (received: object | string, expected: ExpectedOfPayload): Subject => {
  const {
    fields,
    envelope,
    place,
    sent: _sent,
    ...options
  } = checkedOptions(packageName, payloadSchema, expected)
  const policy = policyOf(fields, packageName)
  const sealed =
    typeof received === 'string'
      ? ({
          payload: undefined,
          places: [{ ...(place !== undefined && { pointer: place }), text: received }],
          declared: [],
          required: [],
          members: [],
          comparisons: [],
        } as const)
      : sealedPlaces(received, policy, envelope, options.partial === true)
  return { policy, envelope, options, sealed }
}

/** What `decryptRequest` would compare an event with; or why it does not come so far. */
export const subjectOfEvent = async (
  event: object | string,
  { context, sent: _sent, ...options }: ExpectedOfEvent,
): Promise<Subject | Comparison | undefined> => {
  if (typeof event === 'string') throw badOption('binding', 'is needed for one ciphertext')
  const found = await captured(options, event, context)
  if (found === undefined || !('policy' in found)) return found
  const { payload, policy, envelope } = found
  return {
    ...found,
    event,
    sealed: sealedPlaces(payload, policy, envelope, found.options.partial === true),
  }
}

/** Compares a subject by its format. */
export const explained = async (
  subject: Subject | Comparison | undefined,
  sent: Sent = {},
): Promise<Explanation> => {
  checkedOptions(packageName, sentSchema, sent, 'sent')
  if (subject === undefined)
    return explanation('unknown', [
      compare('request', 'carries nothing encrypted', 'carries nothing encrypted'),
    ])
  if (!('policy' in subject)) return explanation('unknown', [subject])
  const { envelope, sealed } = subject
  const messages = messageOptionsOf(envelope)
  if (messages)
    return explanation('message', [...sealed.comparisons, ...(await compareMessages(messages, subject))])
  const tokens = sessionOptionsOf(envelope)
  if (tokens)
    return explanation('session', [...sealed.comparisons, ...(await compareTokens(tokens, subject, sent))])
  throw badOption('envelope', 'must come from `messageEnvelope` or `sessionEnvelope`')
}
