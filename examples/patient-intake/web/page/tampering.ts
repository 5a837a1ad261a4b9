import { type Attack, attacks, stations } from '../attacks.ts'
import { byId, h } from './dom.ts'

let armed: Attack | undefined
let hasEarlier = false
let hasFields = true
let onChange: () => void = () => {}

/** The attack that the switch is on for, where it goes with the action. */
export const armedFor = (action: 'send' | 'read'): Attack | undefined =>
  armed && (armed.on ?? action) === action ? armed : undefined

const hindrance = ({ needsEarlier, needsFields }: Attack): string | undefined => {
  if (needsFields && !hasFields) return 'A bundle is one token: choose “one by one” above.'
  return needsEarlier && !hasEarlier ? 'Needs an honest request before it: press Send first.' : undefined
}

const row = (attack: Attack): HTMLElement => {
  const { name, title, does } = attack
  const button = h(
    'button',
    { type: 'button', class: 'attack', role: 'switch', 'aria-checked': 'false', 'data-attack': name },
    h('span', { class: 'knob', 'aria-hidden': 'true' }),
    h('strong', {}, title),
    h('span', { class: 'result' }),
    h('span', { class: 'does' }, does),
  )
  button.addEventListener('click', () => {
    if (button.getAttribute('aria-disabled') === 'true') return
    armed = armed === attack ? undefined : attack
    update()
    onChange()
  })
  return button
}

const buttonOf = (attack: Attack) =>
  byId('attacks').querySelector<HTMLElement>(`[data-attack=${attack.name}]`)!

const update = (): void => {
  for (const attack of attacks) {
    const button = buttonOf(attack)
    const hindered = hindrance(attack)
    if (hindered && armed === attack) armed = undefined
    button.setAttribute('aria-checked', String(armed === attack))
    button.setAttribute('aria-disabled', String(hindered !== undefined))
    button.title = hindered ?? ''
    button.querySelector('.does')!.textContent = hindered ?? attack.does
  }
}

export const drawTampering = (changed: () => void): void => {
  onChange = changed
  byId('attacks').append(
    ...Object.entries(stations).flatMap(([at, title]) => [
      h('h3', {}, title),
      ...attacks.filter((attack) => attack.at === at).map(row),
    ]),
  )
  update()
}

/** What the attacks can build on. */
export const allowTampering = (now: { earlier?: boolean; fields?: boolean }): void => {
  hasEarlier = now.earlier ?? hasEarlier
  hasFields = now.fields ?? hasFields
  update()
  onChange()
}

/** Notes beside the switch how it went. */
export const noteResult = (attack: Attack, held: boolean, text: string): void => {
  const result = buttonOf(attack).querySelector<HTMLElement>('.result')!
  result.dataset.held = String(held)
  result.textContent = text
}
