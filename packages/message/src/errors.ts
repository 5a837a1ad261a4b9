import { packageErrors } from '@glassine/core/internal'

export const { packageName, fault, badOption, decryptFailed, hideRefusal } =
  packageErrors('@glassine/message')
