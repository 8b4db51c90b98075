using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>All commands by name.</summary>
internal static class CommandTable
{
    private static readonly Dictionary<string, ICommand> _commands = new ICommand[]
    {
        new RebootCommand(), new CheckCommand(), new QuitCommand(), new RosterCommand(), new EveryoneCommand(), new ChronicleCommand(), new ExtraCommand(),
        new PourCommand(), new HoldCommand(), new TellLateCommand(),
        new CrashMainCommand(), new CrashPoolCommand(), new CrashThreadCommand(), new CrashAsyncVoidCommand(), new CrashSessionCommand(), new ThrowCommand(),
        new CrashWithCommand(), new LeaveCommand(), new TickCommand(), new OutputCommand(), new CrashWhenSuspendingCommand(), new CrashTwiceCommand(), new RebootAfterCommand(), new RefuseCaptureCommand(), new RefuseSaveCommand(), new FlushCommand(),
        new RawCommand(), new StrayCommand(), new FileCommand(), new ChildCommand(), new ChildReportCommand(),
        new UmaskCommand(), new DirectoryCommand(), new VariableCommand(), new BlockSignalCommand(), new TimerCommand(),
    }.ToDictionary(c => c.Name);

    public static ValueTask<string?> RunAsync(string line, Server server, ICommandSession session)
    {
        string[] words = line.Split(' ', 2);
        return _commands.TryGetValue(words[0], out ICommand? command)
            ? command.RunAsync(server, session, words.Length > 1 ? words[1] : "")
            : ValueTask.FromResult<string?>($"There is no command '{words[0]}'.");
    }
}
