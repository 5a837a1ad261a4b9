import { type Account, isMissing, isRefused } from '../account.ts'
import { tree } from '../tree.ts'
import { nothing, refusal, section } from './parts.ts'

export const browser = (account: Account): readonly HTMLElement[] | undefined => {
  const { opened } = account
  if (!opened) return undefined
  if (isMissing(account)) return [nothing('There is no such patient in this clinic.')]
  if (opened.error === undefined) return [section('await response.json()', '', tree(opened.value))]
  return [
    isRefused(account)
      ? refusal(
          opened.error,
          'The service answered with no more than this: it tells nobody which check has failed.',
        )
      : refusal(opened.error, 'The client refused what came back. The page got an error, and no value.'),
  ]
}
