using SeamlessReboot.Angel;
using SeamlessReboot.Angel.CommandLine;

if (HiddenVerbs.TryRun(args, out int exitCode))
    return exitCode;
return await new AngelCommands(Console.Out, Console.Error).InvokeAsync(args).ConfigureAwait(false);
