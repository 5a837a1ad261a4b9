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
      ? refusal(opened.error, 'This is all that the service says to the outside. The reason is in its log.')
      : refusal(opened.error, 'The client refused what came back. The page got an error, and no value.'),
  ]
}
