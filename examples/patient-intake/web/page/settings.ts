import { byId, h } from './dom.ts'

/** How the page sends, as the user has chosen. */
export interface Settings {
  readonly clinic: 'clinic-a' | 'clinic-b' | 'clinic-c'
  readonly shape: 'field' | 'bundle'
  readonly response: 'session' | 'forward-secret'
}

const choices = [
  {
    name: 'clinic',
    title: 'Signed in for',
    options: [
      ['clinic-a', 'Clinic A'],
      ['clinic-b', 'Clinic B'],
    ],
    what: 'Every sealed value is bound to the clinic.',
  },
  {
    name: 'shape',
    title: 'Seal the values',
    options: [
      ['field', 'one by one'],
      ['bundle', 'all in one'],
    ],
    what: 'One token is smaller than ten.',
  },
  {
    name: 'response',
    title: 'Answer under',
    options: [
      ['session', 'the session key'],
      ['forward-secret', 'a one-time key'],
    ],
    what: 'One-time: keys stolen later open no response.',
  },
] as const

/** Draws the choices; `changed` hears of every change, each of which begins a new session. */
export const drawSettings = (changed: () => void): void => {
  byId('options').append(
    ...choices.map(({ name, title, options, what }) =>
      h(
        'fieldset',
        {},
        h('legend', {}, title),
        h(
          'div',
          { class: 'segments' },
          ...options.map(([value, words], at) =>
            h(
              'label',
              {},
              h('input', { type: 'radio', name, value, checked: at === 0 }),
              h('span', {}, words),
            ),
          ),
        ),
        h('p', {}, what),
      ),
    ),
  )
  byId('options').addEventListener('change', changed)
}

export const settings = (): Settings =>
  Object.fromEntries(
    choices.map(({ name }) => [
      name,
      byId('options').querySelector<HTMLInputElement>(`input[name=${name}]:checked`)!.value,
    ]),
  ) as unknown as Settings
