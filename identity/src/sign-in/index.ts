export { createSignIn, type SignInWithPages } from './sign-in.ts';
