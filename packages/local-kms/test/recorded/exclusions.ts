/** The recorded cases that are not replayed, each with its reason. The test fails when the list is not exact. */
const importing = 'key material cannot be imported into the local KMS'
const empty = 'AWS answered nothing to compare: the recording is empty and never validated'

export const exclusions: Readonly<Record<string, string>> = {
  'TestKMS::test_import_key_symmetric': importing,
  'TestKMS::test_import_key_asymmetric': importing,
  'TestKMS::test_import_key_rsa_aes_wrap_sha256': importing,
  'TestKMS::test_import_key_ecc_keys[ECC_NIST_P256]': importing,
  'TestKMS::test_import_key_ecc_keys[ECC_NIST_P384]': importing,
  'TestKMS::test_import_key_ecc_keys[ECC_NIST_P521]': importing,
  'TestKMS::test_import_key_ecc_keys[ECC_SECG_P256K1]': importing,
  'TestKMS::test_import_key_hmac_keys[HMAC_224]': importing,
  'TestKMS::test_import_key_hmac_keys[HMAC_256]': importing,
  'TestKMS::test_import_key_hmac_keys[HMAC_384]': importing,
  'TestKMS::test_import_key_hmac_keys[HMAC_512]': importing,
  'TestKMS::test_import_key_material_raises_if_there_is_already_key_material_pending': importing,
  'TestKMS::test_get_parameters_for_import': importing,
  'TestKMS::test_get_parameters_for_import_raises_for_non_external_kms_keys': importing,
  'TestKMS::test_rotate_key_on_demand_raises_error_given_key_with_imported_key_material': importing,
  'TestKMS::test_rotate_key_on_demand_raises_for_no_pending_key_material': importing,
  'TestKMS::test_rotate_key_on_demand_updates_current_key_material_for_external_keys': importing,
  'TestKMS::test_rotate_key_on_demand_for_external_keys_decrypts_with_previous_material': importing,
  'TestKMS::test_sign_verify[ECC_NIST_P256-ECDSA_SHA_384]': empty,
  'TestKMS::test_sign_verify[ECC_SECG_P256K1-ECDSA_SHA_512]': empty,
}
