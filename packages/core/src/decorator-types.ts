import type { IsAny, IsEncrypted } from './types.ts'

/** The compiler prints the sentence when a decorated field breaks a rule: no argument has this type. */
interface Fault<Sentence extends string> {
  readonly glassine: Sentence
}

// Without `strictNullChecks` everything may be undefined, and the compiler cannot tell optional members apart.
type MayBe<Absent, V> = undefined extends string ? false : Absent extends V ? true : false

/** What a compiler calls a field decorator with, beside the target: a legacy one with the name of the member. */
type Where = string | symbol | ClassFieldDecoratorContext<any, any>

// One signature for both kinds of decorators, and not two overloads: of several, the compiler prints the last one's
// error, which says nothing to whoever uses the other kind.

/** The declared type of the decorated field in a box, or the fault of a member that no decorator can declare. */
type FieldOf<Target, At> = At extends PropertyKey
  ? Target extends abstract new (
      ...args: never[]
    ) => unknown
    ? Unfit
    : At extends keyof Target
      ? { readonly type: Target[At] }
      : Unfit
  : At extends { static: true } | { private: true }
    ? Unfit
    : At extends ClassFieldDecoratorContext<any, infer Value>
      ? { readonly type: Value }
      : Unfit

type Unfit = Fault<'only public instance fields can be declared'>

/** `unknown` when the type of an `@Encrypted` field is right. */
type EncryptedRule<F, Optional extends boolean> = F extends { readonly type: infer V }
  ? IsEncrypted<V> extends false
    ? Fault<'the field must be declared with the type Encrypted<...>'>
    : Optional extends true
      ? unknown
      : MayBe<undefined, V> extends true
        ? Fault<'a field that may be absent needs { optional: true }'>
        : unknown
  : F

/** `unknown` when the type of a `@Masked` field is right. */
type MaskedRule<F> = F extends { readonly type: infer V }
  ? IsAny<V> extends true
    ? Fault<'the field must be declared as a string'>
    : IsEncrypted<V> extends true
      ? Fault<'a masked field is not Encrypted<...>: it is never sealed'>
      : [NonNullable<V>] extends [string]
        ? unknown
        : Fault<'the field must be declared as a string'>
  : F

/** `unknown` when the type of a `@Nested` field is right. */
type NestedRule<F, T, In, Optional extends boolean> = F extends { readonly type: infer V }
  ? Same<Element<NonNullable<V>, In>, T> extends false
    ? Fault<'the type of the field is not what @Nested names'>
    : Optional extends true
      ? unknown
      : MayBe<undefined, V> | MayBe<null, V> extends false
        ? unknown
        : Fault<'a nested field that may be absent or null needs { optional: true }'>
  : F

// `never` first: it is what stands for no `in` at all, and it extends everything.
type Element<V, In> = [In] extends [never]
  ? V
  : [In] extends ['array']
    ? V extends readonly (infer E)[]
      ? E
      : never
    : V extends Readonly<Record<string, infer E>>
      ? E
      : never

// Both ways: a subclass would bring fields that the policy of the named class does not know.
type Same<A, B> = IsAny<A> extends true ? false : [A] extends [B] ? ([B] extends [A] ? true : false) : false

/** What `Encrypted(...)` returns. */
export type EncryptedDecorator<Optional extends boolean> = <Target, At extends Where>(
  target: Target,
  at: At & EncryptedRule<FieldOf<Target, At>, Optional>,
) => void

/** What `Masked(...)` returns. */
export type MaskedDecorator = <Target, At extends Where>(
  target: Target,
  at: At & MaskedRule<FieldOf<Target, At>>,
) => void

/** What `Nested(...)` returns. */
export type NestedDecorator<T, In, Optional extends boolean> = <Target, At extends Where>(
  target: Target,
  at: At & NestedRule<FieldOf<Target, At>, T, In, Optional>,
) => void

/** What `Model(...)` returns. */
export type ModelDecorator = <C extends abstract new (...args: any[]) => object>(
  target: C,
  context?: ClassDecoratorContext<C>,
) => void
