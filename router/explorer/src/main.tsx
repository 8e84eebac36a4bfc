import { createRoot } from 'react-dom/client';
import 'graphiql/style.css';
import './explorer.css';
import { Explorer } from './explorer.tsx';

const root = document.getElementById('explorer');
if (root) createRoot(root).render(<Explorer />);
