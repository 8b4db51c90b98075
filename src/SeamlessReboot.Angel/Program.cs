using SeamlessReboot.Angel;
using SeamlessReboot.Angel.CommandLine;

return InternalVerbs.TryRun(args, out int exitCode)
    ? exitCode
    : await new AngelCommands(Console.Out, Console.Error).InvokeAsync(args).ConfigureAwait(false);
