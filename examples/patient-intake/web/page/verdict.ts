// The sentence that says how a request ended.
import { type Account, hasHeld, isMissing, isRefused } from './account.ts'
import { withCodes } from './codes.ts'
import { byId, h, icon } from './dom.ts'

type Tone = 'quiet' | 'good' | 'refused' | 'bad'

type Verdict = readonly [tone: Tone, head: string, words: string]

const handlerOf = ({ attack, lambda }: Account): string => {
  if (attack?.handler) return 'The handler ran, with its mistake.'
  return lambda?.ran ? 'The handler got nothing to work with.' : 'The handler did not run.'
}

const verdictOf = (account: Account | undefined): Verdict => {
  if (!account) return ['quiet', '', 'The example is about to be sent. Watch the values on their way.']
  const { lambda, opened, attack } = account
  if (!opened) return ['quiet', '', 'On its way …']
  if (!lambda) return ['bad', '', `Nothing was sent: ${opened.error}`]
  if (isMissing(account))
    return ['quiet', '404', 'There is no such patient in this clinic. Press Send first.']
  const why = attack?.outcome ?? ''
  if (attack && !hasHeld(account)) return ['bad', String(lambda.status), 'The attack succeeded.']
  if (isRefused(account))
    return ['refused', `${lambda.status} ${lambda.code ?? ''}`, `${handlerOf(account)} ${why}`]
  if (opened.error) return ['refused', opened.error, `The browser refused the response. ${why}`]
  return ['good', String(lambda.status), 'Only your browser and the Lambda have read what is sealed.']
}

const signs: Readonly<Record<Tone, string | undefined>> = {
  quiet: undefined,
  good: 'check',
  refused: 'cross',
  bad: 'cross',
}

export const drawVerdict = (account: Account | undefined): void => {
  const [tone, head, words] = verdictOf(account)
  const sign = signs[tone]
  const verdict = byId('verdict')
  verdict.dataset.tone = tone
  verdict.replaceChildren(
    ...(sign ? [icon(sign)] : []),
    ...(head ? [h('strong', {}, ...withCodes(head)), ' '] : []),
    ...withCodes(words),
    ...(tone === 'good' ? [' Now try the ', h('a', { href: '#attacks-title' }, 'attacks'), '.'] : []),
  )
}
