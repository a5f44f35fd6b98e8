import { tellStory } from './story.ts';

tellStory('redis');
