export { Bell } from '../bell.ts';
