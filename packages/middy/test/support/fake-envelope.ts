import {
  type Envelope,
  type EnvelopeOptions,
  encodeValue,
  type FieldPolicy,
  GlassineError,
  type Place,
  type Prepared,
  placesOf,
} from '@glassine/core'

/** What the fake was asked to do, with which options. */
interface FakeCall {
  readonly direction: 'open' | 'seal'
  readonly payload: unknown
  readonly model: string
  readonly options: EnvelopeOptions
}

export interface FakeEnvelope extends Envelope {
  readonly calls: FakeCall[]
  /** Prepared payloads that were neither finished nor released. */
  readonly open: () => number
}

const packageName = 'fake'

/** An envelope that hides nothing and checks everything: the pointer, the model and the binding. */
export const fakeEnvelope = (name = 'fake', overrides: Partial<Envelope> = {}): FakeEnvelope => {
  const calls: FakeCall[] = []
  let held = 0
  const prefix = `${name}:`

  const seal = (
    { pointer, field, value }: Place,
    { model }: FieldPolicy,
    { binding }: EnvelopeOptions,
  ): string =>
    prefix +
    Buffer.from(
      JSON.stringify([model, pointer, binding, encodeValue(value, field.path, packageName)]),
    ).toString('base64')

  const open = ({ pointer, field, value }: Place, { model }: FieldPolicy, { binding }: EnvelopeOptions) => {
    if (typeof value !== 'string' || !value.startsWith(prefix))
      throw new GlassineError('ERR_FIELD_NOT_ENCRYPTED', { package: packageName, path: field.path })
    const [m, p, b, json] = JSON.parse(Buffer.from(value.slice(prefix.length), 'base64').toString())
    if (m !== model || p !== pointer || JSON.stringify(b) !== JSON.stringify(binding))
      throw new GlassineError('ERR_DECRYPT_FAILED', { package: packageName })
    return JSON.parse(json)
  }

  const prepared = (
    direction: 'open' | 'seal',
    payload: unknown,
    policy: FieldPolicy,
    options: EnvelopeOptions,
  ): Prepared => {
    calls.push({ direction, payload, model: policy.model, options })
    const { copy, places } = placesOf(policy, payload, {
      packageName,
      statusCode: direction === 'open' ? 400 : 500,
      absent: options.partial ? 'ignore' : 'error',
    })
    const work = direction === 'open' ? open : seal
    const results = places.map((place) => work(place, policy, options))
    let isHeld = true
    held++
    const release = () => {
      if (isHeld) held--
      isHeld = false
    }
    return {
      finish: () => {
        places.forEach(({ holder, key }, at) => {
          holder[key] = results[at]
        })
        release()
        return copy
      },
      release,
    }
  }

  return {
    name,
    recognises: (value) => typeof value === 'string' && value.startsWith(prefix),
    prepareOpen: async (payload, policy, options) => prepared('open', payload, policy, options),
    prepareSeal: async (payload, policy, options) => prepared('seal', payload, policy, options),
    ...overrides,
    calls,
    open: () => held,
  }
}
