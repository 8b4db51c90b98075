using SeamlessReboot.Angel.CommandLine;

return await new AngelCommands(Console.Out, Console.Error).InvokeAsync(args).ConfigureAwait(false);
